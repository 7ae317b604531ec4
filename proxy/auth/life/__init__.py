"""How one token lives: when it is renewed, what follows from a refusal or a failure, what is kept of it."""
