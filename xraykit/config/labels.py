"""What collections call a radiograph without any of their findings."""

NO_FINDING = "No Finding"
