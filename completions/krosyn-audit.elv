
set edit:completion:arg-completer[krosyn-audit] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) KROSYN_AUDIT_COMPLETE="elvish" krosyn-audit -- $@words) | to-lines
}

