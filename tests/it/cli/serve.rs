//! `serve`: start, refused settings, shutdown, and credentials on both ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;

use rustix::process::Signal;

use super::acme::LINES;
use crate::support::sandbox::{Sandbox, program, skipped};

const ENTRY: &str =
    r#"{"action":"deleted","model_type":"secret","model_id":"5","user":{"id":"7"},"before":{"name":"X"}}"#;

#[test]
fn serve_uses_a_free_port_and_keeps_its_data() {
    let sandbox = Sandbox::new();
    let serving = sandbox.serve(&[]);
    let mode = std::fs::metadata(sandbox.path("admin.token")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let import = [&["import", "-"], &serving.flags()[..]].concat();
    sandbox.run_with(&import, LINES.as_bytes()).ended(0);
    serving.terminate();
    assert_eq!(serving.wait(), Some(0));

    let token = sandbox.text("admin.token");
    let serving = sandbox.serve(&[]);
    assert_eq!(sandbox.text("admin.token"), token, "a store with organizations gets no second token");
    let list = [&["list", "--columns", "id", "-n", "2"], &serving.flags()[..]].concat();
    assert_eq!(sandbox.run(&list).ended(0).out(), "12\n11\n");
    let log = sandbox.text("serve.log");
    assert!(!log.contains(token.trim()) && log.contains("stopped"), "{log}");
}

#[test]
fn serve_finishes_running_requests_before_it_stops() {
    let sandbox = Sandbox::new();
    let serving = sandbox.serve(&[]);
    let mut stream = TcpStream::connect(serving.address()).unwrap();
    let (token, length) = (serving.token(), ENTRY.len());
    write!(
        stream,
        "POST /api/v1/audit-logs HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nexpect: 100-continue\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    answer.read_line(&mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n", "the request is running");
    serving.terminate();
    // Once connections are refused, the shutdown has begun.
    while TcpStream::connect(serving.address()).is_ok() {}
    stream.write_all(ENTRY.as_bytes()).unwrap();
    let mut rest = String::new();
    answer.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("HTTP/1.1 201 Created"), "{rest}");
    assert_eq!(serving.wait(), Some(0));
    let list = sandbox.run(&["list", "--columns", "id,model_type", "--server", "sqlite:audit.db"]);
    assert_eq!(list.ended(0).out(), "1\tsecret\n");
}

#[test]
fn remote_access_needs_tls_or_a_proxy() {
    let sandbox = Sandbox::new();
    let serve = ["serve", "--store", "sqlite:audit.db", "--token-out", "t"];
    insta::assert_snapshot!(sandbox.run(&[&serve[..], &["--listen", "0.0.0.0:0"]].concat()), @"
    exit 2
    -- stderr
    error: 0.0.0.0:0 is reachable from other machines, and tokens would be sent unencrypted
      hint: give --tls-cert and --tls-key, or --behind-proxy if a proxy in front handles TLS
    ");
    assert!(sandbox.names().is_empty() && !sandbox.path("audit.db").exists());
    let serving = sandbox.serve(&["--behind-proxy"]);
    serving.terminate();
    assert_eq!(serving.wait(), Some(0));
    let mut open = sandbox
        .command(&[&serve[..], &["--listen", "0.0.0.0:0", "--behind-proxy"]].concat())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(open.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on http://0.0.0.0:"), "{line}");
    open.kill().unwrap();
    assert_eq!(sandbox.finish(open).status, None);
}

#[test]
fn the_first_token_needs_a_file_or_terminal() {
    let sandbox = Sandbox::new();
    let serve = ["serve", "--store", "sqlite:audit.db", "--listen", "127.0.0.1:0"];
    insta::assert_snapshot!(sandbox.run(&serve), @"
    exit 2
    -- stderr
    error: the store is empty, and there is no terminal to show the first token on
      hint: --token-out FILE writes it to a file (mode 0600)
      hint: or first create an organization and a token: krosyn-audit org create, krosyn-audit token create
    ");
    sandbox.write("taken", "precious");
    insta::assert_snapshot!(sandbox.run(&[&serve[..], &["--token-out", "taken"]].concat()), @"
    exit 2
    -- stderr
    error: cannot write the token to taken: the file exists
      hint: remove the file, or name another one
    ");
    assert_eq!(sandbox.text("taken"), "precious");
    // No store was created, since its token would be lost.
    assert!(!sandbox.serve(&[]).token().is_empty());
    // A restart with the same flags works. With another token file, a message says that no token was written.
    drop(sandbox.serve(&[]));
    assert!(!sandbox.text("serve.log").contains("no token was written"));
    std::fs::rename(sandbox.path("admin.token"), sandbox.path("kept.token")).unwrap();
    drop(sandbox.serve(&[]));
    assert!(
        sandbox
            .text("serve.log")
            .contains("warning: no token was written to admin.token: --token-out applies to an empty store")
    );
    assert!(!sandbox.path("admin.token").exists());
}

#[test]
fn invalid_settings_are_reported_before_the_ready_line() {
    let sandbox = Sandbox::new();
    sandbox.write("cert.pem", "no certificate");
    sandbox.write("key.pem", "no key");
    sandbox.write("broken.db", "no database, but long enough to be looked at as one".repeat(20));
    let serve = |args: &[&str]| {
        sandbox.run(&[&["serve", "--token-out", "t", "--listen", "127.0.0.1:0"], args].concat())
    };
    insta::assert_snapshot!(serve(&["--tls-cert", "cert.pem", "--tls-key", "key.pem"]), @"
    exit 2
    -- stderr
    error: cannot use the certificate cert.pem with the key key.pem: The private key file contained no keys
    ");
    insta::assert_snapshot!(serve(&["--store", "sqlite:broken.db"]), @"
    exit 1
    -- stderr
    error: cannot open the store broken.db: it is no database of this tool (file is not a database)
    ");
    insta::assert_snapshot!(serve(&["--store", "mysql://x"]), @r#"
    exit 2
    -- stderr
    error: "mysql://x" is no store: expected sqlite:PATH or postgres://…
    "#);
    let away = serve(&["--store", "postgres://ana:hush@127.0.0.1:1/audit"]).ended(9);
    assert!(away.err().contains("ana@127.0.0.1") && !away.err().contains("hush"), "{away}");
    serve(&["--tls-cert", "cert.pem"]).ended(2);
    let serving = sandbox.serve(&[]);
    let taken = sandbox.run(&["serve", "--store", "sqlite:audit.db", "--listen", serving.address()]);
    insta::assert_snapshot!(taken, @"
    exit 1
    -- stderr
    error: cannot listen on 127.0.0.1:[port]: Address already in use (os error 98)
    ");
}

/// Makes `cert.pem` and `key.pem` for 127.0.0.1, as people do, unless there is no openssl.
fn certificate(sandbox: &Sandbox) -> Option<()> {
    let made = program("openssl")?
        .args("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(' '))
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(sandbox.path(""))
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    Some(())
}

#[test]
fn serve_speaks_tls() {
    let Some(mut curl) = program("curl") else { return skipped("TLS", "curl") };
    let sandbox = Sandbox::new();
    let Some(()) = certificate(&sandbox) else { return skipped("TLS", "openssl") };
    let serving = sandbox.serve(&["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    assert!(serving.url().starts_with("https://127.0.0.1:"), "{}", serving.url());
    let answer = curl
        .args(["--silent", "--show-error", "--noproxy", "*", "--cacert", "cert.pem", "--header", "@-"])
        .arg(format!("{}/api/v1/whoami", serving.url()))
        .current_dir(sandbox.path(""))
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut header = answer.stdin.as_ref().unwrap();
    writeln!(header, "Authorization: Bearer {}", serving.token()).unwrap();
    let output = answer.wait_with_output().unwrap();
    let whoami: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(whoami["organization"], "default", "{whoami}");
    // Our client does not trust this authority until a flag names it.
    insta::assert_snapshot!(sandbox.run(&[&["list"], &serving.flags()[..]].concat()), @"
    exit 9
    -- stderr
    error: cannot trust https://127.0.0.1:[port]: its certificate is marked as an authority's, as `openssl req -x509` makes it, and this machine does not trust it
      hint: the connection may be intercepted: no token was sent
      hint: check that the host name matches the certificate; a private CA or a self-signed certificate must be in the system's trust store or in the file named by SSL_CERT_FILE
    ");
    let trusting = |url: &str, file: &str| {
        let mut list = sandbox.command(&["list", "--server", url, "--token-file", "admin.token"]);
        sandbox.finish(list.env("SSL_CERT_FILE", file).spawn().unwrap())
    };
    trusting(serving.url(), "cert.pem").ended(0);
    let by_name = serving.url().replace("127.0.0.1", "localhost");
    let refused = trusting(&by_name, "cert.pem").ended(9);
    assert!(refused.err().contains("its certificate is for 127.0.0.1, not for localhost"), "{refused}");
    // Trusting another certificate, also of the same making and for the same address, opens nothing.
    let before = sandbox.text("cert.pem");
    certificate(&sandbox).unwrap();
    trusting(serving.url(), "cert.pem").ended(9);

    // A new certificate is served from the next connection on; one that cannot be used changes nothing.
    let log = || sandbox.text("serve.log");
    let hang_up = |words: &str| {
        let times = log().matches(words).count();
        serving.signal(Signal::HUP);
        while log().matches(words).count() == times {}
    };
    hang_up("SIGHUP: reloaded the certificate and key");
    trusting(serving.url(), "cert.pem").ended(0);
    sandbox.write("old.pem", before);
    trusting(serving.url(), "old.pem").ended(9);
    let good = sandbox.text("key.pem");
    sandbox.write("key.pem", "no key");
    hang_up("keeping the previous certificate");
    trusting(serving.url(), "cert.pem").ended(0);
    sandbox.write("key.pem", good);
    hang_up("SIGHUP: reloaded the certificate and key");
    trusting(serving.url(), "cert.pem").ended(0);
}

#[test]
fn a_token_is_read_from_a_private_file_stdin_or_the_environment() {
    let sandbox = Sandbox::new();
    let serving = sandbox.serve(&[]);
    let list = |args: &[&str]| sandbox.run(&[&["list", "--server", serving.url()], args].concat());
    list(&["--token-file", "admin.token"]).ended(0);
    sandbox
        .run_with(&["list", "--server", serving.url(), "--token-file", "-"], serving.token().as_bytes())
        .ended(0);
    let mut command = sandbox.command(&["list"]);
    command.env("KROSYN_AUDIT_SERVER", serving.url()).env("KROSYN_AUDIT_TOKEN", serving.token());
    sandbox.finish(command.spawn().unwrap()).ended(0);

    insta::assert_snapshot!(list(&[]), @"
    exit 4
    -- stderr
    error: no token for http://127.0.0.1:[port]
      hint: an operator creates one with `krosyn-audit token create`
      hint: sign in with `krosyn-audit login --server http://127.0.0.1:[port]`, or give the token with --token-file or KROSYN_AUDIT_TOKEN
    ");
    insta::assert_snapshot!(list(&["--token-file", "missing.token"]), @"
    exit 2
    -- stderr
    error: there is no file missing.token
    ");
    sandbox.write_with_mode("open.token", serving.token(), 0o644);
    insta::assert_snapshot!(list(&["--token-file", "open.token"]), @"
    exit 4
    -- stderr
    error: open.token can be read by others (mode 644)
      hint: chmod 600 open.token
    ");
    sandbox.write_with_mode("other.token", "kra_other", 0o600);
    insta::assert_snapshot!(list(&["--token-file", "other.token"]), @"
    exit 4
    -- stderr
    error: the token is unknown, revoked or expired
      hint: look for request [request] in the server's log
      hint: give a token with --token-file or KROSYN_AUDIT_TOKEN; an operator creates one with `krosyn-audit token create`
    ");
    insta::assert_snapshot!(sandbox.run_with(&["list", "--server", serving.url(), "--token-file", "-"], b"two words"), @"
    exit 2
    -- stderr
    error: stdin: a token is one line of visible ASCII characters
    ");
    insta::assert_snapshot!(list(&["--token-file", "admin.token", "--org", "default"]), @"
    exit 2
    -- stderr
    error: --org selects an organization of a local store; a server's token already belongs to one
    ");
}

#[test]
fn a_token_works_within_its_scopes_until_revoked() {
    let sandbox = Sandbox::new();
    let serving = sandbox.serve(&[]);
    let token = |args: &[&str]| {
        sandbox.run(&[&["token"], args, &["--store", "sqlite:audit.db", "--org", "default"]].concat())
    };
    let made = token(&["create", "--name", "cron", "--scope", "read"]).ended(0);
    sandbox.write_with_mode("cron.token", made.out(), 0o600);
    let flags = ["--server", serving.url(), "--token-file", "cron.token"];
    sandbox.run(&[&["list"], &flags[..]].concat()).ended(0);
    insta::assert_snapshot!(sandbox.run(&[&["prune", "--dry-run"], &flags[..]].concat()), @r#"
    exit 4
    -- stderr
    error: this call needs the scope prune; the token "cron" has read
      hint: look for request [request] in the server's log
      hint: an operator can create a token with more scopes: `krosyn-audit token create --scope …`
    "#);
    let listed = token(&["list"]).ended(0);
    assert!(!listed.out().contains(made.out().trim()), "a token is shown once");
    insta::assert_snapshot!(listed, @"
    exit 0
    -- stdout
    admin	read,record,prune,trail,hold,erase	[now]	-	-	tester	-
    cron	read	[now]	-	-	tester	-
    ");
    insta::assert_snapshot!(token(&["revoke", "cron"]), @r#"
    exit 0
    -- stderr
    revoked "cron": it no longer gives access
    "#);
    sandbox.run(&[&["list"], &flags[..]].concat()).ended(4);
    insta::assert_snapshot!(token(&["revoke", "nobody"]), @r#"
    exit 5
    -- stderr
    error: there is no token "nobody"
    "#);
    insta::assert_snapshot!(token(&["create", "--name", "cron", "--scope", "read"]), @r#"
    exit 6
    -- stderr
    error: a token "cron" already exists
    "#);
}
