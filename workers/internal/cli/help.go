package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"lossatlas/workers/internal/table"
)

// maxHelp is the width of a help text in characters, also where a terminal has room for more: longer lines are hard to read.
const maxHelp = 100

// setHelp has the help of root and its commands filled to the width of the terminal. Flags that every command takes are in the
// help of the root alone.
func setHelp(root *cobra.Command) {
	root.SetHelpFunc(func(c *cobra.Command, _ []string) {
		width, _ := table.Width(c.OutOrStdout())
		width = min(width, maxHelp)
		text := c.Long
		if text == "" {
			text = c.Short + "."
		}
		fmt.Fprintf(c.OutOrStdout(), "%s\n\n%s", filled(strings.TrimSpace(text), width), usage(c, width))
	})
	root.SetUsageFunc(func(c *cobra.Command) error {
		_, err := io.WriteString(c.OutOrStderr(), usage(c, maxHelp))
		return err
	})
}

// usage lists the forms of a command, its subcommands and its flags.
func usage(c *cobra.Command, width int) string {
	var b strings.Builder
	b.WriteString("Usage:\n")
	if c.Runnable() {
		fmt.Fprintf(&b, "  %s\n", c.UseLine())
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "  %s [command]\n", c.CommandPath())
	}
	listed := func(title, group string) {
		for _, sub := range c.Commands() {
			if sub.GroupID != group || !sub.IsAvailableCommand() && sub.Name() != "help" {
				continue
			}
			if title != "" {
				fmt.Fprintf(&b, "\n%s\n", title)
				title = ""
			}
			indent := strings.Repeat(" ", 3+sub.NamePadding())
			text := strings.ReplaceAll(filled(sub.Short, width-len(indent)), "\n", "\n"+indent)
			fmt.Fprintf(&b, "  %-*s %s\n", sub.NamePadding(), sub.Name(), text)
		}
	}
	for _, group := range c.Groups() {
		listed(group.Title, group.ID)
	}
	listed("Commands:", "")
	if c.HasAvailableLocalFlags() {
		fmt.Fprintf(&b, "\nFlags:\n%s", c.LocalFlags().FlagUsagesWrapped(width))
	}
	if c.HasAvailableInheritedFlags() {
		fmt.Fprintf(&b, "\nFlags of every command: %s --help\n", c.Root().Name())
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\nMore about a command: %s [command] --help\n", c.CommandPath())
	}
	return b.String()
}

// filled breaks the paragraphs of a text into lines of at most width characters. Indented lines are left alone.
func filled(text string, width int) string {
	var out []string
	room := 0 // in the last line of out; 0 where a new line begins
	for _, line := range strings.Split(text, "\n") {
		if line == "" || line[0] == ' ' || line[0] == '\t' {
			out, room = append(out, line), 0
			continue
		}
		for _, word := range strings.Fields(line) {
			n := utf8.RuneCountInString(word)
			if n+1 > room {
				out, room = append(out, word), width-n
				continue
			}
			out[len(out)-1] += " " + word
			room -= n + 1
		}
	}
	return strings.Join(out, "\n")
}
