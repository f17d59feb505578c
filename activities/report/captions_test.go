package report

import "testing"

func TestCaptionsAreSentences(t *testing.T) {
	if got := sentence([]string{"", "network small", "test error 5.0 %"}); got != "Network small; test error 5.0 %." {
		t.Errorf("the caption is %q", got)
	}
}
