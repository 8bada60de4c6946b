#compdef strace-analyzer

_strace_analyzer_completion() {
  local typed="${words[1,$CURRENT]}"
  if [[ "$PREFIX" == --*=* ]]; then
    typed="${words[1,$CURRENT-1]} ${PREFIX%%=*} ${PREFIX#*=}"
    compset -P '*='
  fi
  local answer="$(env _TYPER_COMPLETE_ARGS="$typed" _STRACE_ANALYZER_COMPLETE=complete_zsh strace-analyzer)"
  eval "${answer//\'\'/'\''}"  # typer doubles an apostrophe, which leaves none of it
}

_strace_analyzer_completion
