function __strace_analyzer_complete --argument-names action
    set -l before (commandline -cp)
    set -l option (string match --regex -- '^--[^=]+=' (commandline -ct))
    if set -q option[1]  # fish wants --option=value back in one word
        set before (string replace --regex -- '=([^=]*)$' ' $1' "$before")
    end
    env _STRACE_ANALYZER_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=$action \
        _TYPER_COMPLETE_ARGS="$before" strace-analyzer | string replace --regex -- '^' "$option"
    return $pipestatus[1]
end

complete --command strace-analyzer --no-files --arguments "(__strace_analyzer_complete get-args)" \
    --condition "__strace_analyzer_complete is-args"
