package pipelines

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits on a sweep file. They are far above any real one, and keep a hostile
// file from costing more than a few milliseconds: the YAML parser takes time
// quadratic in the depth of nesting and in the number of keys.
const (
	maxSource = 128 << 10 // bytes
	maxKeys   = 4000
	maxFlow   = 24  // nested [ and {
	maxIndent = 100 // columns
	maxNested = 8   // "- - - " on one line
)

// read turns the text of a sweep file into nodes. Of YAML it takes what a sweep
// needs: mappings, lists and scalars in block and flow style. Anchors, aliases,
// tags, merge keys and several documents are refused.
func read(src []byte, c *collector) *node {
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	src = bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n"))
	if !checkText(src, c) {
		return nil
	}
	tokens, ok := tokenize(string(src), c)
	if !ok {
		return nil
	}
	file, err := parseTokens(tokens)
	if err != nil {
		// A yaml.Error's own text quotes the source around it, at a cost that grows with the file.
		if y, ok := err.(yaml.Error); ok {
			c.addf(tokenPlace(y.GetToken()), "not valid YAML: %s", clip(y.GetMessage()))
		} else {
			c.addf(position{line: 1, column: 1}, "not valid YAML: %s", clip(err.Error()))
		}
		return nil
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if body != nil {
			c.add(convert(doc.Body, newCollector("")).at, "a second YAML document; a sweep file holds one")
			return nil
		}
		body = doc.Body
	}
	if body == nil {
		c.add(position{line: 1, column: 1}, "the sweep file is empty; the least it needs is name, dataset and train")
		return nil
	}
	root := convert(body, c)
	if root.kind != mappingNode {
		c.addf(root.at, "a sweep file is a mapping (name: …, dataset: …, train: …), got %s", root.describe())
		return nil
	}
	return root
}

// checkText refuses what is not a short text file.
func checkText(src []byte, c *collector) bool {
	if len(src) > maxSource {
		c.addf(position{line: 1, column: 1}, "the file has %d bytes; a sweep file has at most %d", len(src), maxSource)
		return false
	}
	line := 1
	for text := range bytes.Lines(src) {
		if !utf8.Valid(text) {
			column := 1
			for len(text) > 0 {
				r, n := utf8.DecodeRune(text)
				if r == utf8.RuneError && n == 1 {
					break
				}
				text, column = text[n:], column+1
			}
			c.add(position{line: line, column: column}, "not UTF-8 text; save the file as UTF-8")
			return false
		}
		column := 1
		comment := false
		for _, r := range string(text) {
			comment = comment || r == '#'
			switch {
			case r == '\t' && !comment:
				c.add(position{line: line, column: column}, "a tab character; YAML is indented with spaces")
				return false
			case r != '\t' && r != '\n' && r < ' ', r == 0x7f, r >= 0x80 && r < 0xa0, r == 0xfeff:
				c.addf(position{line: line, column: column}, "a control character (%U)", r)
				return false
			}
			column++
		}
		line++
	}
	return true
}

// tokenize cuts the text into tokens and refuses, before anything is built from
// them, what a sweep file may not hold.
func tokenize(src string, c *collector) (token.Tokens, bool) {
	tokens := lexer.Tokenize(src)
	var flow, keys, dashes, colons, line int
	for _, t := range tokens {
		at := tokenPlace(t)
		if at.line != line {
			line, dashes, colons = at.line, 0, 0
			if at.column > maxIndent && flow == 0 && t.Type != token.CommentType {
				c.addf(at, "indented by more than %d columns", maxIndent)
				return nil, false
			}
		}
		refused := ""
		switch t.Type {
		case token.AnchorType, token.AliasType:
			refused = "anchors and aliases (& and *)"
		case token.TagType:
			refused = "tags (!)"
		case token.MergeKeyType:
			refused = "merge keys (<<)"
		case token.MappingKeyType:
			refused = "complex keys (?)"
		case token.DirectiveType:
			refused = "directives (%)"
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow = max(flow-1, 0)
		case token.SequenceEntryType:
			dashes++
		case token.MappingValueType:
			keys++
			if flow == 0 {
				colons++
			}
		}
		switch {
		case refused != "":
			c.addf(at, "%s are not used in sweep files; write the value out, or put it in quotes if it is text", refused)
			return nil, false
		case flow > maxFlow, dashes > maxNested:
			c.add(at, "nested too deeply")
			return nil, false
		case colons > 1:
			c.add(at, "a second key on this line; start a new line, or put text that holds a colon in quotes")
			return nil, false
		case keys > maxKeys:
			c.addf(at, "more than %d keys", maxKeys)
			return nil, false
		}
	}
	return tokens, true
}

// parseTokens calls the YAML parser and turns a panic of it, which would be a
// defect there, into an error.
func parseTokens(tokens token.Tokens) (file *ast.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the text cannot be parsed (%v)", r)
		}
	}()
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

func tokenPlace(t *token.Token) position {
	if t == nil || t.Position == nil {
		return position{line: 1, column: 1}
	}
	return position{line: t.Position.Line, column: t.Position.Column}
}

// convert turns a YAML node into ours and reports duplicate keys.
func convert(n ast.Node, c *collector) *node {
	if n == nil {
		return &node{at: position{line: 1, column: 1}}
	}
	at := tokenPlace(n.GetToken())
	switch n := n.(type) {
	case *ast.MappingNode:
		out := convertMapping(n.Values, c)
		if n.IsFlowStyle || len(n.Values) == 0 {
			out.at = at
		}
		return out
	case *ast.MappingValueNode:
		return convertMapping([]*ast.MappingValueNode{n}, c)
	case *ast.SequenceNode:
		out := &node{kind: listNode, at: at}
		for _, v := range n.Values {
			item := convert(v, c)
			if item.kind == nullNode {
				c.add(item.at, "an empty list entry")
			}
			out.items = append(out.items, item)
		}
		return out
	case *ast.NullNode:
		return &node{at: at}
	case *ast.LiteralNode:
		return &node{kind: quotedNode, at: at, text: n.Value.Value}
	case *ast.StringNode:
		if t := n.Token.Type; t == token.SingleQuoteType || t == token.DoubleQuoteType {
			return &node{kind: quotedNode, at: at, text: n.Value}
		}
		return &node{kind: plainNode, at: at, text: n.Value}
	case ast.ScalarNode:
		return &node{kind: plainNode, at: at, text: strings.TrimSpace(n.GetToken().Value)}
	}
	c.addf(at, "%s is not used in sweep files", n.Type())
	return &node{at: at}
}

func convertMapping(values []*ast.MappingValueNode, c *collector) *node {
	out := &node{kind: mappingNode}
	first := make(map[string]position, len(values))
	for i, v := range values {
		e := entry{key: strings.TrimSpace(v.Key.GetToken().Value), at: tokenPlace(v.Key.GetToken()), value: convert(v.Value, c)}
		if i == 0 {
			out.at = e.at
		}
		if e.value.kind == nullNode {
			e.value.at = e.at
		}
		if was, ok := first[e.key]; ok {
			c.addf(e.at, "%s is given twice, first on line %d; keep one", clip(e.key), was.line)
			continue
		}
		first[e.key] = e.at
		out.entries = append(out.entries, e)
	}
	return out
}
