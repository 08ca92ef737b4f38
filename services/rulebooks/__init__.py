"""The texts of rulebooks that a province keeps, and which of them it has adopted."""
