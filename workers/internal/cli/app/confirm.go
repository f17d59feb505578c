package app

import (
	"bufio"
	"fmt"
	"strings"

	"lossatlas/workers/internal/exit"
)

// Confirm asks before something is lost; yes answers already. Without a terminal to ask on it is a usage error.
func (a *App) Confirm(yes bool, question string) error {
	if yes {
		return nil
	}
	if !IsTerminal(a.In) {
		return exit.Usagef("%s Give --yes to confirm: there is no terminal to ask on", question)
	}
	fmt.Fprintf(a.Err, "%s [y/N] ", question)
	answer, err := bufio.NewReader(a.In).ReadString('\n')
	if err != nil && answer == "" {
		return exit.Usagef("no answer: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return exit.With(exit.Failed, fmt.Errorf("nothing was done"))
}
