"""What stands in the files, before anybody says what it means."""
