"""The pages of `/-/` for people: rendered here, live while they are open, made of nothing from elsewhere."""
