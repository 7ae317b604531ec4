"""The keys that providers of several schemes have, and the rules on them."""
