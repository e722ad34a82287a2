"""Parts that every screen is made of. They know tokens and text, no operations."""
