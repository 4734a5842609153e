//! Words that name a credential, in eleven languages, and words beside them that change the meaning of a key.
//!
//! Each list is one string. `names` folds its words once (`hasło` becomes `haslo`), so accents may stay here.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

/// A set of words.
pub(super) type Words = LazyLock<HashSet<&'static str, Fnv>>;

/// A fast hash for sets that never change, so that no caller can fill them with colliding words: FNV-1a.
pub(super) type Fnv = BuildHasherDefault<FnvHasher>;

#[derive(Default)]
pub(super) struct FnvHasher(u64);

impl Hasher for FnvHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Splits a list into its words.
pub(super) fn word_set(list: &'static str) -> HashSet<&'static str, Fnv> {
    list.split_whitespace().collect()
}

/// Names of passwords and codes, which may be short or numeric.
pub(super) const PASSWORDS: &str = "password passwords passwd passwds passphrase passcode pwd pswd pword psk presharedkey \
    otp totp onetimecode recoverycode recoverycodes backupcode backupcodes seedphrase recoveryphrase mnemonic secretanswer \
    securityanswer storepass keypass dbpass userpass rootpass adminpass mailpass smtppass ftppass sqlpass dbpw rootpw userpw \
    adminpw pgpass requirepass masterauth bindpw mypass loginpass authpass proxypass poppass imappass seedwords communitystring \
    userpin wifipin wlanpin simpin unlockpin lockpin phonepin voicemailpin bankpin smartcardpin cardpin doorpin devicepin accesspin securitypin accountpin pincode pincodes securitycode securitycodes \
    totpkey hotpkey otpkey mfakey snmpcommunity rocommunity rwcommunity \
    contraseña contraseñas contrasenya palabrasecreta frasesecreta clavedeacceso clavesecreta clavepersonal códigodeacceso códigosecreto \
    motdepasse motsdepasse phrasedepasse codesecret codedaccès phrasesecrete \
    passwort passwörter kennwort kennwörter losungswort geheimzahl geheimcode geheimwort zugangscode \
    senha senhas palavrapasse palavrachavesecreta códigodeacesso \
    frasesegreta paroladordine parolasegreta codicesegreto codicediaccesso hasło hasła пароль пароли кодовоеслово секретныйкод parol \
    密码 密碼 口令 暗号 通行码 パスワード パスフレーズ パスコード 暗証番号 合言葉 비밀번호 암호 wachtwoord lösenord adgangskode passord salasana heslo jelszó şifre \
    katasandi mậtkhẩu كلمةالمرور סיסמה κωδικός";

/// Names of keys, tokens and other generated credentials.
pub(super) const KEYS: &str = "secret secrets token tokens jwt bearer cookie cookies apikey apikeys privatekey privatekeys secretkey \
    secretkeys secretkeybase accesskey accesskeys accesskeyid signingkey encryptionkey decryptionkey masterkey sharedkey accountkey \
    subscriptionkey functionskey functionkey sshkey authkey clientkey clientkeydata hmackey hmac serviceaccountkey passkey deploykey \
    seedphrase amzsignature googsignature consumerkey applicationkey appkey adminkey servicekey servicerolekey writekey \
    webhookkey webhooksigningkey sessionkey securitykey integrationkey ingestkey licensekey storagekey rsakey aeskey tlskey \
    sslkey certkey certificatekey unsealkey rootkey recoverykey symmetrickey cipherkey cryptokey gpgkey pgpkey verificationkey \
    sessionid sessid connectsid authcode authorizationcode activationcode unlockcode accesscode verificationcode mfacode \
    clientassertion codeverifier oauthverifier samlassertion activationkey productkey authzheader pgpprivate sshprivate rsaprivate keyprivate privatepem keytab grantingticket htpasswd basicauthusers sonarlogin enckey samlresponse \
    tokendostępu tokenacceso tokenaccès tokenacesso tokenaccesso токендоступа tokenzugriff basicauth basicauthorization xauth authstring secretphrase secretword apisecret \
    secreto secretos jeton jetons geheimnis geheimnisse zugangstoken zugriffstoken segredo segredos segreto segreti gettone \
    sekret sekrety żeton секрет секреты токен токены 密钥 密鑰 令牌 權杖 私钥 私鑰 金鑰 访问密钥 秘密鍵 暗号鍵 署名鍵 \
    授权码 授權碼 验证码 驗證碼 認証コード 確認コード 認証キー 認証鍵 共有鍵 api키 인증키 암호키 인증코드 \
    トークン シークレット シークレットキー アクセスキー apiキー プライベートキー クッキー 토큰 비밀키";

/// Names of members that hold an authentication scheme or a credential.
pub(super) const SCHEMES: &str = "authentication authorization credential credentials creds credencial credenciales credenciais \
    credenziali credenziale danelogowania datosdeacceso daneuwierzytelniające zugangsdaten anmeldedaten identifiantsdeconnexion poświadczenia учетныеданные учётныеданные 凭证 凭据 憑證 認証情報 \
    資格情報 クレデンシャル proxyauth httpauth authorizations wwwauthenticate proxyauthenticate";

/// Names of passwords that count only as a whole word at the end of a key.
pub(super) const PASSWORD_WORDS: &str = "pass pw mdp puk cvv cvc";
/// The same for keys.
pub(super) const KEY_WORDS: &str = "csrf xsrf";
/// The same for schemes.
pub(super) const SCHEME_WORDS: &str = "auth cred";
/// Words that often name something else: only a value that looks generated is redacted.
pub(super) const AMBIGUOUS_WORDS: &str = "sig signature session pat pin clave claves chave chaves chiave hmac kubeconfig parola pepper community jaas \
    identifiants pkcs tajne tajny";

/// `key` in other languages: a credential beside a word of [`KEY_ADJECTIVES`].
pub(super) const FOREIGN_KEYS: &str = "clave claves llave clé clef clés chave chaves chiave chiavi schlüssel schluessel klucz klucze ключ \
    ключи 鍵 キー sleutel nøgle avain anahtar";
/// Beginnings of the words that make such a key a credential.
pub(super) const KEY_ADJECTIVES: &str = "api secret secrèt segret geheim priv prywat tajn приват секрет закрыт acces acceso acesso \
    zugang zugriff dostęp доступ подпис firma signature szyfr cifr chiffr sicherheit sekret sicur secur segur maestr mestr master апи шифр wifi wlan bd bbdd toegang 認証 暗号 署名 共有 秘密 アクセス 访问";

/// Words after a credential that do not change it: `token_prod`, `client_secret_v2`, `password_hash`.
pub(super) const QUALIFIERS: &str = "value values hash hashed plain plaintext cleartext text raw base64 b64 encoded encrypted old new current \
    previous confirmation confirm confirmed header data string prod production dev development staging stage stg test testing qa uat \
    live sandbox local demo primary secondary backup main default next prev temp tmp initial enc hex json env str bytes repeat again \
    sha md bcrypt argon crypt digest ciphertext cipher pem b a c v rev eu us uk ap apac emea west east north south central db bd \
    database root smtp ftp ssh github gitlab slack stripe aws azure gcp crm erp ios android seed val valor valeur wert wartość valore \
    bdd bbdd бд wifi wlan web partagé partagée compartido compartida compartilhado compartilhada condiviso condivisa 本番 開発 検証 正式 测试 生产 値 值";

/// Services and programs whose `key` is a credential if it looks generated: `sendgrid_key`.
pub(super) const SERVICES: &str = "data kms ed secp stripe sendgrid twilio mailgun mailchimp postmark sparkpost pagerduty opsgenie datadog dd newrelic sentry rollbar \
    bugsnag honeycomb grafana splunk loggly openai anthropic cohere huggingface replicate pinecone deepl google gcp gcloud firebase fcm vapid aws azure \
    cloudflare fastly vercel netlify heroku digitalocean linode github gitlab bitbucket slack discord telegram hubspot intercom zendesk \
    salesforce shopify paypal adyen braintree klarna mollie plaid square segment amplitude mixpanel posthog algolia mapbox maps airtable notion \
    asana figma dropbox snowflake databricks pusher ably pubnub onesignal recaptcha hcaptcha turnstile fernet cosign sops age sa vendor partner";

/// Those of [`SERVICES`] that are common words: `data_key: orders`.
pub(super) const COMMON_SERVICES: &str =
    "data kms ed secp google segment square plaid notion age sa vendor partner asana figma ably";

/// Words between a credential and its purpose: `token_for_crm`, `senha_do_banco`.
pub(super) const PREPOSITIONS: &str =
    "for of de del di do da dos das du des della dello dla für fuer von para pour per для от к";

/// Last words of a key that describes a credential: `token_expires_at`, `password_policy`.
pub(super) const ATTRIBUTES: &str = "at by on id ids uuid name names type types kind url urls uri uris endpoint path file filename length size \
    limit limits count counter min max minimum maximum policy policies expiry expires expiration expired ttl age lifetime duration \
    days hours minutes seconds ms timeout created updated rotated used usage issued changed enabled disabled required optional allowed \
    status state version format algorithm alg method mode strategy rotation reset change field fields label description hint prompt \
    placeholder domain domains consent banner jar location source store manager service handler class parameter param prefix suffix \
    rate cost price budget minute hour day second month issuer audience scope scopes provider providers ref refs reference references \
    schema rules rule validation validator page link template settings config options enabled supported flow flows attempts retries \
    number total index position order email group groups role roles permission \
    permissions through refresh required request requests response screen form view button title message error errors event events \
    visible visibility strength complexity requirements history generator less based notice preferences samesite secure httponly \
    remaining left needed spent window bucket family types map mapping table column row set list array flag ring santa \
    fecha caducidad caduca longitud politica expira date durée longueur politique ablauf laufzeit länge richtlinie datum validade \
    tamanho scadenza lunghezza wygasa długość срок длина 有效期 长度 期限 長さ primaria primária primaire primär externa foránea";

/// Words before a credential that make the key a flag: `has_password`, `accept_cookies`.
pub(super) const FLAG_WORDS: &str = "has have is no without require requires required use uses using allow allows allowed enable enables \
    enabled disable disables disabled show hide accept accepts accepted reject block clear need needs can must should support \
    supports skip ignore include exclude list count scan mask forgot forgotten lost toggle expired missing invalid \
    pull trade factor party essential necessary functional tracking marketing analytics optional mandatory fortune rotate renew revoke manage";
/// The same before a password.
pub(super) const PASSWORD_FLAG_WORDS: &str = "reset change update strong weak request recover";
/// Words before `token` that make it a unit of text, a symbol in it, or a position in a list.
pub(super) const TOKEN_MEASURES: &str = "max min maximum minimum num n number total prompt completion used input output remaining cached \
    reasoning context available left spent consumed billed thinking image audio video stop eos bos pad unk sep cls special design color \
    syntax page continuation cursor sync utility governance per limit rate estimated average avg generated sampled";
/// Words before `pass` that make it a ticket, a round or a mountain pass.
pub(super) const PASSES: &str = "boarding day week month year season annual bus train ski park event visitor press hall backstage free travel \
    transit rail museum gate lift first second third multi single dry render mountain bi by all fast low high band guest compiler forward \
    backward";
/// First words of a key that describes a credential, in languages where the noun comes first: `longitud_contraseña`.
pub(super) const FIRST_ATTRIBUTES: &str = "longitud duración fecha politica caducidad tipo longueur durée politique expiration tamanho validade política \
    lunghezza scadenza durata długość ważność polityka срок длина политика";
/// Ends of keys that only resemble a credential.
pub(super) const EXCEPTIONS: &str = "requiresauthentication requireauthentication twofactorauthentication multifactorauthentication palabraclave \
    palavrachave motcle motclé schlüsselwort schlagwort toptokens toppasswords słowokluczowe ключевоеслово キーワード";

/// Members whose text names the member beside them: `{"headerName": …, "value": …}`.
pub(super) const NAME_MEMBERS: &str = "0 name key k n header field parameter param target to dest destination output column property attribute \
    variable var env option setting path label selector id title question prompt";
/// Members that hold the value.
pub(super) const VALUE_MEMBERS: &str = "1 val vals v content contents data text default raw string literal constant static plain current new old answer";
/// Members that hold the value or the name of its source.
pub(super) const SOURCE_MEMBERS: &str = "source src from expression expr input formula script";
