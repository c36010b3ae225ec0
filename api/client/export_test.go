package client

// AskEvery has Run and Exec ask again after so many seconds.
func (s *Service) AskEvery(seconds float32) { s.runWait = seconds }
