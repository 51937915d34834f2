"""What people see while they wait, and at the end."""
