"""Does a part keep the contract of its kind? Asked of the registered ones, and of a user's own."""
