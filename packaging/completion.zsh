#compdef strace-analyzer

_strace_analyzer_completion() {
  local typed="${words[1,$CURRENT]}"
  if [[ "$PREFIX" == --*=* ]]; then
    typed="${words[1,$CURRENT-1]} ${PREFIX%%=*} ${PREFIX#*=}"
    compset -P '*='
  fi
  eval $(env _TYPER_COMPLETE_ARGS="$typed" _STRACE_ANALYZER_COMPLETE=complete_zsh strace-analyzer)
}

_strace_analyzer_completion
