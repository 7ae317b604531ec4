"""How much a client or a route may ask for, counted here or together with other replicas."""
