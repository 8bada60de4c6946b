"""Lines as they were pasted -> lines as strace printed them, with the numbers of the former."""
