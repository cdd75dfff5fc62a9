"""What every service process stands on, so that four services fail, log and recover alike."""
