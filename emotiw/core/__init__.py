"""The ground floor: contracts that every other part keeps; imports nothing else of this project."""
