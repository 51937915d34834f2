"""Looking at what is going to be packed, and telling what may surprise at the target."""
