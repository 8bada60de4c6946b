#compdef strace-analyzer

_strace_analyzer_completion() {
  eval $(env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" _STRACE_ANALYZER_COMPLETE=complete_zsh strace-analyzer)
}

_strace_analyzer_completion
