"""The commands of operators, one file each."""
