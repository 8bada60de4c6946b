_strace_analyzer_completion() {
    local IFS=$'
'
    # bash splits --option=value at the "=", into three words
    local word words=()
    for word in "${COMP_WORDS[@]:0:COMP_CWORD}"; do
        [ "$word" = = ] || words+=("$word")
    done
    word="${COMP_WORDS[COMP_CWORD]}"
    words+=("${word#=}")
    COMPREPLY=( $( env COMP_WORDS="${words[*]}" \
                   COMP_CWORD=$((${#words[@]} - 1)) \
                   _STRACE_ANALYZER_COMPLETE=complete_bash $1 ) )
    return 0
}

complete -o default -F _strace_analyzer_completion strace-analyzer
