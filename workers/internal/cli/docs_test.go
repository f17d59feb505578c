package cli

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lossatlas/deploy/docs"
	"lossatlas/workers/internal/cli/app"
)

const root = "../../.."

// commandTree is the program's commands, with those that cobra adds at execution.
func commandTree() *cobra.Command {
	cmd := rootCommand(app.New(app.Program{Env: os.LookupEnv}))
	cmd.InitDefaultHelpCmd()
	cmd.InitDefaultCompletionCmd()
	return cmd
}

// visible calls f for all commands, but for help and completion, which are cobra's.
func visible(cmd *cobra.Command, f func(*cobra.Command)) {
	for _, c := range cmd.Commands() {
		if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
			continue
		}
		f(c)
		visible(c, f)
	}
}

// TestSynonyms: what other programs call a command is no command here, and stands for one.
func TestSynonyms(t *testing.T) {
	root := commandTree()
	for word, name := range app.Synonyms {
		if c, rest, err := root.Find(strings.Fields(name)); err != nil || len(rest) > 0 || !c.Runnable() {
			t.Errorf("%s stands for %s, which is no command", word, name)
		}
		if slices.ContainsFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == word }) {
			t.Errorf("%s is a command itself", word)
		}
	}
}

// TestHelpFits: lines of help are at most maxHelp wide, but for indented ones of a command's own text, which are left alone.
func TestHelpFits(t *testing.T) {
	visible(commandTree(), func(c *cobra.Command) {
		var b strings.Builder
		c.SetOut(&b)
		if err := c.Help(); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			line = strings.TrimRight(line, "\n")
			own := strings.HasPrefix(line, " ") && strings.Contains(c.Long, line)
			if utf8.RuneCountInString(line) > maxHelp && !own && !strings.Contains(line, c.UseLine()) {
				t.Errorf("%s --help has a line of %d characters: %s", c.CommandPath(), utf8.RuneCountInString(line), line)
			}
		}
		if strings.Contains(b.String(), "--s3-bucket") {
			t.Errorf("%s --help repeats the flags of every command", c.CommandPath())
		}
	})
	if got := filled("one two\nthree\n\n  a b  c\n\td e\nf", 9); got != "one two\nthree\n\n  a b  c\n\td e\nf" {
		t.Errorf("filled to %q", got)
	}
}

// TestCommandPagesAreCurrent holds the commands and settings in workers/README.md.
func TestCommandPagesAreCurrent(t *testing.T) {
	program := commandTree()
	var b strings.Builder
	b.WriteString("| command | does |\n|---|---|\n")
	visible(program, func(c *cobra.Command) {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", strings.TrimPrefix(c.CommandPath(), "lossatlas "), strings.ReplaceAll(c.CommandPath(), " ", "-"), docs.Cell(c.Short))
	})
	visible(program, func(c *cobra.Command) {
		text := c.Long
		if text == "" {
			text = c.Short
		}
		fmt.Fprintf(&b, "\n### %s\n\n```text\n%s\n\n%s\n", c.CommandPath(), filled(strings.TrimSpace(text), maxHelp), c.UseLine())
		if flags := strings.TrimRight(c.LocalNonPersistentFlags().FlagUsagesWrapped(maxHelp), "\n"); flags != "" {
			fmt.Fprintf(&b, "\n%s\n", flags)
		}
		b.WriteString("```\n")
	})
	docs.Section(t, root+"/workers/README.md", "commands", b.String())

	b.Reset()
	b.WriteString("| flag and setting | environment | default | meaning |\n|---|---|---|---|\n")
	program.PersistentFlags().VisitAll(func(f *pflag.Flag) {
		variable, initial := "`LOSSATLAS_"+strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))+"`", ""
		if f.Name == "no-color" {
			variable = "`NO_COLOR`"
		} else if f.DefValue != "" {
			initial = "`" + f.DefValue + "`"
		}
		_, usage := pflag.UnquoteUsage(f)
		fmt.Fprintf(&b, "| `--%s` | %s | %s | %s |\n", f.Name, variable, initial, docs.Cell(usage))
	})
	docs.Section(t, root+"/workers/README.md", "settings", b.String())
}

// shown are the calls of the program in a page: lines of sh blocks, and code within a line.
func shown(page string) (calls []string) {
	prose := page
	for _, b := range docs.Blocks(page) {
		prose = strings.Replace(prose, b.Text, "", 1)
		if b.Language != "sh" {
			continue
		}
		for _, line := range strings.Split(b.Text, "\n") {
			if m := regexp.MustCompile(`^\s*(?:.* -- )?(lossatlas .*)$`).FindStringSubmatch(line); m != nil {
				calls = append(calls, m[1])
			}
		}
	}
	for _, m := range regexp.MustCompile("`(lossatlas [^`]+)`").FindAllStringSubmatch(strings.Join(strings.Fields(prose), " "), -1) {
		calls = append(calls, m[1])
	}
	return calls
}

// TestShownCommandsExist: the commands and flags that pages show are those of the program, and tasks those of Taskfile.yml.
func TestShownCommandsExist(t *testing.T) {
	tasks, err := os.ReadFile(root + "/Taskfile.yml")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	pages := docs.Pages(t, root)
	for _, page := range slices.Sorted(maps.Keys(pages)) {
		for _, call := range shown(pages[page]) {
			n++
			if err := exists(call); err != nil {
				t.Errorf("%s: `%s`: %v", page, call, err)
			}
		}
		for _, m := range regexp.MustCompile(`go tool task ([a-z][a-z-]*)`).FindAllStringSubmatch(pages[page], -1) {
			if !strings.Contains(string(tasks), "\n  "+m[1]+":\n") {
				t.Errorf("%s: Taskfile.yml has no task %s", page, m[1])
			}
		}
	}
	if n < 40 {
		t.Errorf("only %d calls were found", n)
	}
}

// exists parses the command and the flags of a call.
func exists(call string) error {
	call, _, _ = strings.Cut(call, " #")
	call, _, _ = strings.Cut(call, " >")
	words := strings.Fields(strings.NewReplacer(`"`, "", "'", "", "…", "", "[", "", "]", "").Replace(call))[1:]
	cmd, rest, err := commandTree().Find(words)
	if err != nil {
		return err
	}
	if cmd.HasSubCommands() && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") && cmd.Args != nil && cmd.Name() != "codec" {
		if err := cmd.Args(cmd, rest[:1]); err != nil {
			return err
		}
	}
	cmd.InitDefaultHelpFlag()
	for i, w := range rest {
		name, isFlag := strings.CutPrefix(w, "--")
		name, _, _ = strings.Cut(name, "=")
		if isFlag && name != "" && cmd.Flag(name) == nil && cmd.Root().PersistentFlags().Lookup(name) == nil {
			return fmt.Errorf("%s has no flag --%s (word %d)", cmd.CommandPath(), name, i+2)
		}
	}
	return nil
}

// TestLinksResolve: the files and headings that pages link to exist.
func TestLinksResolve(t *testing.T) {
	n := 0
	pages := docs.Pages(t, root)
	for page, text := range pages {
		for _, b := range docs.Blocks(text) {
			text = strings.Replace(text, b.Text, "", 1)
		}
		for _, m := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(text, -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			n++
			file := page
			if target != "" {
				file = filepath.Join(filepath.Dir(page), target)
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: the link %s leads nowhere", page, m[1])
			} else if anchor != "" && !slices.Contains(anchors(pages[file]), anchor) {
				t.Errorf("%s: %s has no heading #%s", page, file, anchor)
			}
		}
	}
	if n < 30 {
		t.Errorf("only %d links were found", n)
	}
}

// anchors are the names that GitHub gives the headings of a page.
func anchors(page string) (all []string) {
	for _, b := range docs.Blocks(page) {
		page = strings.Replace(page, b.Text, "", 1)
	}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(page, -1) {
		name := regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(m[1]), "")
		all = append(all, strings.ReplaceAll(strings.TrimSpace(name), " ", "-"))
	}
	return all
}

// TestFrontPageIsShort holds the README to one screen of reading.
func TestFrontPageIsShort(t *testing.T) {
	b, err := os.ReadFile(root + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > 6000 {
		t.Errorf("README.md has %d bytes, and may have 6000: move details to the page of a folder", len(b))
	}
}

// TestReleaseIsNamed: the changelog begins with the program's release, and the README cites it.
func TestReleaseIsNamed(t *testing.T) {
	for file, want := range map[string]string{"deploy/CHANGELOG.md": "# Changelog\n\n## " + app.Release, "README.md": "version = {" + app.Release + "}"} {
		b, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(b), want) {
			t.Errorf("%s does not have %q", file, want)
		}
	}
}
