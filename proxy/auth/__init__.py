"""How a credential is got, lives and is placed: pure rules, told the time and what happened."""
