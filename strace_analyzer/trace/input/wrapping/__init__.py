"""Lines as somebody pasted them -> the records that strace printed, with the lines they came from."""
