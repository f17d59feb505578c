package nets

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Within are the parameters of a table that belong to some layers: patterns divided by commas, of which * stands for
// any text. A pattern names a parameter, or a module with all that is below it: "fc", "layer3.*", "*.attn". No
// patterns are all parameters. A pattern without any parameter is an error, which lists the modules.
func Within(table []Param, layers string) ([]Param, error) {
	if layers == "" {
		return table, nil
	}
	var forms []*regexp.Regexp
	for _, pattern := range strings.Split(layers, ",") {
		form, err := regexp.Compile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + `(\..*)?$`)
		if err != nil {
			return nil, fmt.Errorf("the pattern %q of layers: %w", pattern, err)
		}
		if !slices.ContainsFunc(table, func(p Param) bool { return form.MatchString(p.Name) }) {
			return nil, fmt.Errorf("no parameter belongs to the layers %q; there are %s", pattern, strings.Join(Abridge(modules(table)), ", "))
		}
		forms = append(forms, form)
	}
	within := slices.DeleteFunc(slices.Clone(table), func(p Param) bool {
		return !slices.ContainsFunc(forms, func(form *regexp.Regexp) bool { return form.MatchString(p.Name) })
	})
	if len(within) == 0 {
		return nil, errors.New("no layers remain")
	}
	return within, nil
}

// modules are the modules of a table's parameters, each once.
func modules(table []Param) (names []string) {
	for _, p := range table {
		module := p.Name
		if i := strings.LastIndexByte(module, '.'); i > 0 {
			module = module[:i]
		}
		if !slices.Contains(names, module) {
			names = append(names, module)
		}
	}
	return names
}
