# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_krosyn_audit_global_optspecs
    string join \n color= theme= ascii tz= time= q/quiet demo h/help V/version
end

function __fish_krosyn_audit_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_krosyn_audit_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_krosyn_audit_using_subcommand
    set -l cmd (__fish_krosyn_audit_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -s h -l help -d 'Print help'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -s V -l version -d 'Print version'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -f -a "list" -d 'List entries, newest first'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -f -a "ls" -d 'List entries, newest first'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -f -a "show" -d 'Show entries field by field, old in red and new in green'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -f -a "history" -d 'Show every change of one resource, oldest first, or what it looked like at a moment'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -f -a "blame" -d 'Show who set each field of a resource last, when, and in which entry'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -f -a "stats" -d 'Count entries by day, hour, weekday, week, month, action, type, user, field or channel'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -f -a "export" -d 'Export every entry that matches, as CSV, JSON lines or JSON'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -f -a "prune" -d 'Delete entries past their retention: plan, confirm, delete'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -f -a "record" -d 'Append one entry, from flags and files or as JSON from stdin'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -f -a "import" -d 'Append many entries from files of JSON lines'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -f -a "verify" -d 'Check exports against their manifests, offline'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -f -a "serve" -d 'Run the audit API on a store'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -f -a "org" -d 'Create, list and change the organizations of a store (operator)'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -f -a "token" -d 'Create, list and revoke the tokens of an organization (operator)'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -f -a "store" -d 'Move a log from one store to another (operator)'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -f -a "login" -d 'Sign in to a server: try a token and keep it'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -f -a "logout" -d 'Forget a server\'s token'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -f -a "status" -d 'Show where commands talk to, and as whom'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -f -a "completions" -d 'Print or write shell completions'
complete -c krosyn-audit -n "__fish_krosyn_audit_needs_command" -f -a "man" -d 'Print or write manual pages'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -s a -l action -d 'What was done: created, updated, deleted (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -s t -l model-type -d 'What it was done to: connector, endpoint, secret, organization, member (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -s u -l user -d 'Who did it: an id, e-mail or name, or whole words of one, case-blind (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l resource -d 'One resource, such as connector/42 (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l field -d 'A field that changed, or a dotted path into one, such as perform.retry (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l via -d 'The channel: web, api, cli, terraform, system (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l request-id -d 'Entries of one request (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -s g -l grep -d 'Text in names, users, field names or visible values, case-blind (can be repeated; a comma is a comma)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -s S -l since -d 'From this moment on: 2h, 3d, yesterday, 2026-11-20, "2026-11-20 14:03", RFC 3339, @UNIX, id:1287' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -s U -l until -d 'Up to, and without, this moment; a date alone includes the whole day' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -s n -l limit -d 'How many entries to show [default: 50, and 10 to begin with --follow]' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l cursor-file -d 'Keep in this file how far was shown, and go on from there the next time' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l interval -d 'How often to ask for more, in seconds' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l format -d 'table, wide, json, jsonl, csv or tsv (default: table on a terminal, tsv in a pipe)' -r -f -a "table\t'For people: cut to the terminal\'s width'
wide\t'The same with more columns'
json\t'One JSON document that says whether it is complete'
jsonl\t'One JSON object a line'
csv\t'Comma-separated, with a header'
tsv\t'Tab-separated: fixed columns, no header, full values, UTC'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l columns -d 'Which columns: a,b or +a or -b; help lists them' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -s o -l output -d 'Write to this file, which appears when it is whole; .gz and .zst compress' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l server -d 'The audit API or store to talk to: https://…, sqlite:PATH, postgres://… or demo: [env: KROSYN_AUDIT_SERVER]' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l token-file -d 'Read the token from this file, or from stdin with - [env: KROSYN_AUDIT_TOKEN]' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l org -d 'Which organization of a local store (needed when it holds several)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l all -d 'Show all that match'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l reverse -d 'Show the same entries oldest first'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l exit-code -d 'Exit with 10 when anything matched, for monitors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -s f -l follow -d 'Show the last 10 (or -n, or --all), oldest first, then whatever is recorded, until interrupted'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l force -d 'Replace a file that is already there'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l no-trunc -d 'Cut nothing'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l no-formula-guard -d 'Leave cells that a spreadsheet would compute as they are'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l bom -d 'Begin CSV with a byte order mark, as some spreadsheets want it'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l insecure-http -d 'Send the token over plain http:// to another machine'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -s a -l action -d 'What was done: created, updated, deleted (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -s t -l model-type -d 'What it was done to: connector, endpoint, secret, organization, member (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -s u -l user -d 'Who did it: an id, e-mail or name, or whole words of one, case-blind (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l resource -d 'One resource, such as connector/42 (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l field -d 'A field that changed, or a dotted path into one, such as perform.retry (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l via -d 'The channel: web, api, cli, terraform, system (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l request-id -d 'Entries of one request (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -s g -l grep -d 'Text in names, users, field names or visible values, case-blind (can be repeated; a comma is a comma)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -s S -l since -d 'From this moment on: 2h, 3d, yesterday, 2026-11-20, "2026-11-20 14:03", RFC 3339, @UNIX, id:1287' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -s U -l until -d 'Up to, and without, this moment; a date alone includes the whole day' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -s n -l limit -d 'How many entries to show [default: 50, and 10 to begin with --follow]' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l cursor-file -d 'Keep in this file how far was shown, and go on from there the next time' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l interval -d 'How often to ask for more, in seconds' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l format -d 'table, wide, json, jsonl, csv or tsv (default: table on a terminal, tsv in a pipe)' -r -f -a "table\t'For people: cut to the terminal\'s width'
wide\t'The same with more columns'
json\t'One JSON document that says whether it is complete'
jsonl\t'One JSON object a line'
csv\t'Comma-separated, with a header'
tsv\t'Tab-separated: fixed columns, no header, full values, UTC'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l columns -d 'Which columns: a,b or +a or -b; help lists them' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -s o -l output -d 'Write to this file, which appears when it is whole; .gz and .zst compress' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l server -d 'The audit API or store to talk to: https://…, sqlite:PATH, postgres://… or demo: [env: KROSYN_AUDIT_SERVER]' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l token-file -d 'Read the token from this file, or from stdin with - [env: KROSYN_AUDIT_TOKEN]' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l org -d 'Which organization of a local store (needed when it holds several)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l all -d 'Show all that match'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l reverse -d 'Show the same entries oldest first'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l exit-code -d 'Exit with 10 when anything matched, for monitors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -s f -l follow -d 'Show the last 10 (or -n, or --all), oldest first, then whatever is recorded, until interrupted'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l force -d 'Replace a file that is already there'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l no-trunc -d 'Cut nothing'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l no-formula-guard -d 'Leave cells that a spreadsheet would compute as they are'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l bom -d 'Begin CSV with a byte order mark, as some spreadsheets want it'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l insecure-http -d 'Send the token over plain http:// to another machine'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand show" -l request-id -d 'All entries of this request, in their order' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand show" -l format -d 'table, json (several entries are a list) or jsonl (default: table)' -r -f -a "table\t'For people: cut to the terminal\'s width'
wide\t'The same with more columns'
json\t'One JSON document that says whether it is complete'
jsonl\t'One JSON object a line'
csv\t'Comma-separated, with a header'
tsv\t'Tab-separated: fixed columns, no header, full values, UTC'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand show" -l server -d 'The audit API or store to talk to: https://…, sqlite:PATH, postgres://… or demo: [env: KROSYN_AUDIT_SERVER]' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand show" -l token-file -d 'Read the token from this file, or from stdin with - [env: KROSYN_AUDIT_TOKEN]' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand show" -l org -d 'Which organization of a local store (needed when it holds several)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand show" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand show" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand show" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand show" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand show" -l full -l no-trunc -d 'Show long differences whole, as a pipe always gets them'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand show" -l side-by-side -d 'Show old on the left and new on the right, where 120 columns are there'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand show" -l before -d 'Print the changed fields as they were before, as JSON'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand show" -l after -d 'Print the changed fields as they were after, as JSON'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand show" -l patch -d 'Print the change as a JSON Patch (RFC 6902), which makes --after of --before'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand show" -l revert -d 'Print how the entry could be undone, as a JSON Patch and the whole object, and what has changed since'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand show" -l insecure-http -d 'Send the token over plain http:// to another machine'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand show" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand show" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand show" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -l field -d 'Only changes of this field, or of a dotted path into one (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -l at -d 'Print the resource as it was at this moment, as JSON; a date alone is its end' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -l diff -d 'Show what differs between two moments' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -s u -l user -d 'Only changes by this user (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -s S -l since -d 'Only changes from this moment on' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -s U -l until -d 'Only changes up to, and without, this moment' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -l format -d 'table, wide, json, jsonl, csv or tsv (default: table on a terminal, tsv in a pipe)' -r -f -a "table\t'For people: cut to the terminal\'s width'
wide\t'The same with more columns'
json\t'One JSON document that says whether it is complete'
jsonl\t'One JSON object a line'
csv\t'Comma-separated, with a header'
tsv\t'Tab-separated: fixed columns, no header, full values, UTC'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -l columns -d 'Which columns: a,b or +a or -b; help lists them' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -s o -l output -d 'Write to this file, which appears when it is whole; .gz and .zst compress' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -l server -d 'The audit API or store to talk to: https://…, sqlite:PATH, postgres://… or demo: [env: KROSYN_AUDIT_SERVER]' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -l token-file -d 'Read the token from this file, or from stdin with - [env: KROSYN_AUDIT_TOKEN]' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -l org -d 'Which organization of a local store (needed when it holds several)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -s p -l patch -d 'Show each change field by field'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -l full -d 'With -p: show long differences whole'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -l reverse -d 'Newest first'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -l force -d 'Replace a file that is already there'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -l no-trunc -d 'Cut nothing'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -l insecure-http -d 'Send the token over plain http:// to another machine'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand blame" -l field -d 'Only this field, or what lies beneath a dotted path (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand blame" -l format -d 'table, json, csv or tsv (default: table on a terminal, tsv in a pipe)' -r -f -a "table\t'For people: cut to the terminal\'s width'
wide\t'The same with more columns'
json\t'One JSON document that says whether it is complete'
jsonl\t'One JSON object a line'
csv\t'Comma-separated, with a header'
tsv\t'Tab-separated: fixed columns, no header, full values, UTC'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand blame" -l server -d 'The audit API or store to talk to: https://…, sqlite:PATH, postgres://… or demo: [env: KROSYN_AUDIT_SERVER]' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand blame" -l token-file -d 'Read the token from this file, or from stdin with - [env: KROSYN_AUDIT_TOKEN]' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand blame" -l org -d 'Which organization of a local store (needed when it holds several)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand blame" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand blame" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand blame" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand blame" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand blame" -l no-trunc -d 'Cut nothing'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand blame" -l insecure-http -d 'Send the token over plain http:// to another machine'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand blame" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand blame" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand blame" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand blame" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -s a -l action -d 'What was done: created, updated, deleted (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -s t -l model-type -d 'What it was done to: connector, endpoint, secret, organization, member (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -s u -l user -d 'Who did it: an id, e-mail or name, or whole words of one, case-blind (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -l resource -d 'One resource, such as connector/42 (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -l field -d 'A field that changed, or a dotted path into one, such as perform.retry (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -l via -d 'The channel: web, api, cli, terraform, system (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -l request-id -d 'Entries of one request (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -s g -l grep -d 'Text in names, users, field names or visible values, case-blind (can be repeated; a comma is a comma)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -s S -l since -d 'From this moment on: 2h, 3d, yesterday, 2026-11-20, "2026-11-20 14:03", RFC 3339, @UNIX, id:1287' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -s U -l until -d 'Up to, and without, this moment; a date alone includes the whole day' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -l by -d 'day, hour, weekday, week, month, action, type, user, field, via; two make a table (default: day)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -l top -d 'Only the N with the most entries, and the others together' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -l format -d 'table, json, csv or tsv (default: table on a terminal, tsv in a pipe)' -r -f -a "table\t'For people: cut to the terminal\'s width'
wide\t'The same with more columns'
json\t'One JSON document that says whether it is complete'
jsonl\t'One JSON object a line'
csv\t'Comma-separated, with a header'
tsv\t'Tab-separated: fixed columns, no header, full values, UTC'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -l server -d 'The audit API or store to talk to: https://…, sqlite:PATH, postgres://… or demo: [env: KROSYN_AUDIT_SERVER]' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -l token-file -d 'Read the token from this file, or from stdin with - [env: KROSYN_AUDIT_TOKEN]' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -l org -d 'Which organization of a local store (needed when it holds several)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -l insecure-http -d 'Send the token over plain http:// to another machine'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand stats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -s a -l action -d 'What was done: created, updated, deleted (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -s t -l model-type -d 'What it was done to: connector, endpoint, secret, organization, member (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -s u -l user -d 'Who did it: an id, e-mail or name, or whole words of one, case-blind (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l resource -d 'One resource, such as connector/42 (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l field -d 'A field that changed, or a dotted path into one, such as perform.retry (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l via -d 'The channel: web, api, cli, terraform, system (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l request-id -d 'Entries of one request (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -s g -l grep -d 'Text in names, users, field names or visible values, case-blind (can be repeated; a comma is a comma)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -s S -l since -d 'From this moment on: 2h, 3d, yesterday, 2026-11-20, "2026-11-20 14:03", RFC 3339, @UNIX, id:1287' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -s U -l until -d 'Up to, and without, this moment; a date alone includes the whole day' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l resume -d 'Go on with an export to this file that was cut short, as it was asked for then' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l format -d 'table, wide, json, jsonl, csv or tsv (default: table on a terminal, tsv in a pipe)' -r -f -a "table\t'For people: cut to the terminal\'s width'
wide\t'The same with more columns'
json\t'One JSON document that says whether it is complete'
jsonl\t'One JSON object a line'
csv\t'Comma-separated, with a header'
tsv\t'Tab-separated: fixed columns, no header, full values, UTC'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l columns -d 'Which columns: a,b or +a or -b; help lists them' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -s o -l output -d 'Write to this file, which appears when it is whole; .gz and .zst compress' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l server -d 'The audit API or store to talk to: https://…, sqlite:PATH, postgres://… or demo: [env: KROSYN_AUDIT_SERVER]' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l token-file -d 'Read the token from this file, or from stdin with - [env: KROSYN_AUDIT_TOKEN]' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l org -d 'Which organization of a local store (needed when it holds several)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l reverse -d 'Write the oldest entry first'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l manifest -d 'Also write FILE.manifest.json, by which `krosyn-audit verify` proves the file later and names a wrong line'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l trailer -d 'End with a line that proves that nothing before it is missing or changed'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l force -d 'Replace a file that is already there'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l no-trunc -d 'Cut nothing'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l no-formula-guard -d 'Leave cells that a spreadsheet would compute as they are'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l bom -d 'Begin CSV with a byte order mark, as some spreadsheets want it'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l insecure-http -d 'Send the token over plain http:// to another machine'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l older-than -d 'Delete only what is older than this, which is longer than the plan\'s retention: 120d, 18mo, 2y' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l max-delete -d 'Refuse to delete more entries than this, in number or in percent of all' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l max-time -d 'Stop after this long and leave the rest for the next run: 10min' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l archive -d 'Write what will go to this file first, as JSON lines, and read it back; .gz and .zst compress' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l lock-wait -d 'Wait this long for another prune to end, then exit with 8' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l format -d 'table or json (default: table)' -r -f -a "table\t'For people: cut to the terminal\'s width'
wide\t'The same with more columns'
json\t'One JSON document that says whether it is complete'
jsonl\t'One JSON object a line'
csv\t'Comma-separated, with a header'
tsv\t'Tab-separated: fixed columns, no header, full values, UTC'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l server -d 'The audit API or store to talk to: https://…, sqlite:PATH, postgres://… or demo: [env: KROSYN_AUDIT_SERVER]' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l token-file -d 'Read the token from this file, or from stdin with - [env: KROSYN_AUDIT_TOKEN]' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l org -d 'Which organization of a local store (needed when it holds several)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l dry-run -d 'Show the plan and stop'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l yes -d 'Do not ask; needed where nobody can be asked'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l log -d 'List earlier prunes and stop'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l print-cron -d 'Print a crontab line that runs this every night, and stop'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l print-systemd -d 'Print a systemd service and timer that run this every night, and stop'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l insecure-http -d 'Send the token over plain http:// to another machine'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -s a -l action -d 'What was done: created, updated, deleted' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l resource -d 'What it was done to' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l name -d 'The resource\'s name' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -s u -l user -d 'Who did it: an e-mail, a name, or \'NAME <E-MAIL>\'' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l user-id -d 'The user\'s id' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l user-role -d 'The user\'s role' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l user-kind -d 'What kind of identity it is: user, token, service, system' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l before -d 'A file with the whole resource before, as JSON (for updated and deleted)' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l after -d 'A file with the whole resource after, as JSON (for created and updated)' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l at -d 'When it happened (default: now)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l reason -d 'Why' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l via -d 'The channel: web, api, cli, terraform, system' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l request-id -d 'The request it was part of' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l uuid -d 'The entry\'s idempotency key: the same again records nothing twice' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l server -d 'The audit API or store to talk to: https://…, sqlite:PATH, postgres://… or demo: [env: KROSYN_AUDIT_SERVER]' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l token-file -d 'Read the token from this file, or from stdin with - [env: KROSYN_AUDIT_TOKEN]' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l org -d 'Which organization of a local store (needed when it holds several)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l insecure-http -d 'Send the token over plain http:// to another machine'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand record" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand import" -l server -d 'The audit API or store to talk to: https://…, sqlite:PATH, postgres://… or demo: [env: KROSYN_AUDIT_SERVER]' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand import" -l token-file -d 'Read the token from this file, or from stdin with - [env: KROSYN_AUDIT_TOKEN]' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand import" -l org -d 'Which organization of a local store (needed when it holds several)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand import" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand import" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand import" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand import" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand import" -l dry-run -d 'Judge every line and store nothing'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand import" -l insecure-http -d 'Send the token over plain http:// to another machine'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand import" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand import" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand import" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand verify" -l manifest -d 'The manifest of the one file, when it is kept elsewhere' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand verify" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand verify" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand verify" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand verify" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand verify" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand verify" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand verify" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -l store -d 'The store: sqlite:PATH or postgres://… (default: SQLite in the platform\'s data directory)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -l listen -d 'The address to listen on; port 0 takes a free one' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -l tls-cert -d 'The certificate chain, PEM' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -l tls-key -d 'The certificate\'s key, PEM' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -l token-out -d 'Write the first admin token to this file, mode 0600' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -l redact -d 'A further key that names a credential, in any spelling, never to be kept (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -l rate-limit -d 'How many requests a second each token may make, and twice as many at once; 0 is any number' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -l wrong-token-limit -d 'How many wrong tokens a minute each address may send; 0 is any number' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -l max-connections -d 'How many connections there may be at once; more are answered 503' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -l log -d 'How to log: text, json' -r -f -a "text\t''
json\t''"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -l log-level -d 'What to log: error, warn, info, debug, trace' -r -f -a "error\t''
warn\t''
info\t''
debug\t''
trace\t''"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -l behind-proxy -d 'A proxy in front speaks TLS: listen on other addresses than loopback without it'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -l no-sweep -d 'Do not delete by itself what has expired; prunes by hand still do'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and not __fish_seen_subcommand_from create list set-plan set-floor" -l store -d 'The store: sqlite:PATH or postgres://… (default: SQLite in the platform\'s data directory)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and not __fish_seen_subcommand_from create list set-plan set-floor" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and not __fish_seen_subcommand_from create list set-plan set-floor" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and not __fish_seen_subcommand_from create list set-plan set-floor" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and not __fish_seen_subcommand_from create list set-plan set-floor" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and not __fish_seen_subcommand_from create list set-plan set-floor" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and not __fish_seen_subcommand_from create list set-plan set-floor" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and not __fish_seen_subcommand_from create list set-plan set-floor" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and not __fish_seen_subcommand_from create list set-plan set-floor" -s h -l help -d 'Print help'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and not __fish_seen_subcommand_from create list set-plan set-floor" -f -a "create" -d 'Make an organization'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and not __fish_seen_subcommand_from create list set-plan set-floor" -f -a "list" -d 'List the organizations, their plans and what these keep'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and not __fish_seen_subcommand_from create list set-plan set-floor" -f -a "set-plan" -d 'Change an organization\'s plan; it counts from the next prune on'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and not __fish_seen_subcommand_from create list set-plan set-floor" -f -a "set-floor" -d 'Let prunes name an age shorter than the plan\'s retention, or no longer'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from create" -l plan -d 'Its plan: free, starter, pro, business' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from create" -l store -d 'The store: sqlite:PATH or postgres://… (default: SQLite in the platform\'s data directory)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from create" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from create" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from create" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from create" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from create" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from create" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from list" -l store -d 'The store: sqlite:PATH or postgres://… (default: SQLite in the platform\'s data directory)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from list" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from list" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from list" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from list" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from list" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from list" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from set-plan" -l store -d 'The store: sqlite:PATH or postgres://… (default: SQLite in the platform\'s data directory)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from set-plan" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from set-plan" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from set-plan" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from set-plan" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from set-plan" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from set-plan" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from set-plan" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from set-plan" -s h -l help -d 'Print help'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from set-floor" -l store -d 'The store: sqlite:PATH or postgres://… (default: SQLite in the platform\'s data directory)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from set-floor" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from set-floor" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from set-floor" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from set-floor" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from set-floor" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from set-floor" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from set-floor" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand org; and __fish_seen_subcommand_from set-floor" -s h -l help -d 'Print help'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -l store -d 'The store: sqlite:PATH or postgres://… (default: SQLite in the platform\'s data directory)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -s h -l help -d 'Print help'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -f -a "create" -d 'Make a token and print it, this once'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -f -a "list" -d 'List tokens: name, scopes, made at, expires at, revoked at, made by, last used at'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -f -a "revoke" -d 'Revoke a token, at once and for good'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from create" -l org -d 'The organization it opens' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from create" -l name -d 'Its name, unique in the organization; prunes are recorded under it' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from create" -l scope -d 'What it may do: read, record, prune (can be repeated)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from create" -l created-by -d 'Who makes it (default: the account that runs this)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from create" -l expires -d 'How long it is in force: 90d, 1y (default: until it is revoked)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from create" -l token-out -d 'Write it to this new file, mode 0600, and print nothing' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from create" -l store -d 'The store: sqlite:PATH or postgres://… (default: SQLite in the platform\'s data directory)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from create" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from create" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from create" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from create" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from create" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from create" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from list" -l org -d 'The organization' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from list" -l store -d 'The store: sqlite:PATH or postgres://… (default: SQLite in the platform\'s data directory)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from list" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from list" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from list" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from list" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from list" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from list" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from revoke" -l org -d 'The organization' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from revoke" -l store -d 'The store: sqlite:PATH or postgres://… (default: SQLite in the platform\'s data directory)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from revoke" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from revoke" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from revoke" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from revoke" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from revoke" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from revoke" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from revoke" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand token; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand store; and not __fish_seen_subcommand_from copy" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand store; and not __fish_seen_subcommand_from copy" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand store; and not __fish_seen_subcommand_from copy" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand store; and not __fish_seen_subcommand_from copy" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand store; and not __fish_seen_subcommand_from copy" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand store; and not __fish_seen_subcommand_from copy" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand store; and not __fish_seen_subcommand_from copy" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand store; and not __fish_seen_subcommand_from copy" -s h -l help -d 'Print help'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand store; and not __fish_seen_subcommand_from copy" -f -a "copy" -d 'Copy everything to another store, under the same ids, and compare both'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand store; and __fish_seen_subcommand_from copy" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand store; and __fish_seen_subcommand_from copy" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand store; and __fish_seen_subcommand_from copy" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand store; and __fish_seen_subcommand_from copy" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand store; and __fish_seen_subcommand_from copy" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand store; and __fish_seen_subcommand_from copy" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand store; and __fish_seen_subcommand_from copy" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand store; and __fish_seen_subcommand_from copy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand login" -l server -d 'The audit API or store to talk to: https://…, sqlite:PATH, postgres://… or demo: [env: KROSYN_AUDIT_SERVER]' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand login" -l token-file -d 'Read the token from this file, or from stdin with - [env: KROSYN_AUDIT_TOKEN]' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand login" -l org -d 'Which organization of a local store (needed when it holds several)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand login" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand login" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand login" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand login" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand login" -l insecure-http -d 'Send the token over plain http:// to another machine'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand login" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand login" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand login" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand logout" -l server -d 'The audit API or store to talk to: https://…, sqlite:PATH, postgres://… or demo: [env: KROSYN_AUDIT_SERVER]' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand logout" -l token-file -d 'Read the token from this file, or from stdin with - [env: KROSYN_AUDIT_TOKEN]' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand logout" -l org -d 'Which organization of a local store (needed when it holds several)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand logout" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand logout" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand logout" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand logout" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand logout" -l insecure-http -d 'Send the token over plain http:// to another machine'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand logout" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand logout" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand logout" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand logout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand status" -l server -d 'The audit API or store to talk to: https://…, sqlite:PATH, postgres://… or demo: [env: KROSYN_AUDIT_SERVER]' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand status" -l token-file -d 'Read the token from this file, or from stdin with - [env: KROSYN_AUDIT_TOKEN]' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand status" -l org -d 'Which organization of a local store (needed when it holds several)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand status" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand status" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand status" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand status" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand status" -l insecure-http -d 'Send the token over plain http:// to another machine'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand status" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand status" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand status" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand completions" -l dir -d 'Write those of all shells to this directory' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand completions" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand completions" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand completions" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand completions" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand completions" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand completions" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand completions" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand completions" -s h -l help -d 'Print help'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand man" -l dir -d 'Write all pages to this directory' -r -F
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand man" -l color -d 'When to paint: auto, always, never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are heeded)' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand man" -l theme -d 'With which colours: default (red and green), colorblind (orange and blue), mono' -r -f -a "default\t'Red and green'
colorblind\t'Orange and blue'
mono\t'No hue'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand man" -l tz -d 'The zone for times without one, and for times shown: an IANA name or utc (default: local)' -r
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand man" -l time -d 'How times are shown: absolute, relative' -r -f -a "absolute\t'As dates'
relative\t'As ages'"
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand man" -l ascii -d 'Write ASCII alone'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand man" -s q -l quiet -d 'Say nothing but errors'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand man" -l demo -d 'Look around in an invented organization; nothing is kept'
complete -c krosyn-audit -n "__fish_krosyn_audit_using_subcommand man" -s h -l help -d 'Print help'
