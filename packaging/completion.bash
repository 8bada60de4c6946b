_strace_analyzer_completion() {
    local IFS=$'
'
    COMPREPLY=( $( env COMP_WORDS="${COMP_WORDS[*]}" \
                   COMP_CWORD=$COMP_CWORD \
                   _STRACE_ANALYZER_COMPLETE=complete_bash $1 ) )
    return 0
}

complete -o default -F _strace_analyzer_completion strace-analyzer
