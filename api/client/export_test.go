package client

// SetRunWait sets how many seconds one request of Run and Exec waits.
func (s *Service) SetRunWait(seconds float32) { s.runWait = seconds }
