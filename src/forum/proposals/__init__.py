"""What entities would like to hold at an edition: the call, proposals, their scores, and what is decided of them."""
