"""How what runs is told to people: by commands and on pages alike."""
