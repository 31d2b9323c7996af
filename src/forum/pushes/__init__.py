"""What people are told, in a feed of their own and by Web Push."""
