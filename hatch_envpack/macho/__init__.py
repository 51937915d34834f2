"""Reading, editing and signing Mach-O files, the programs and libraries of macOS."""
