"""What commands that know APIs by name share: which there are, how words find one, the lines that use one."""
