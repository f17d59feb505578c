package syntax

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

// Limits on a file. They are far above any real one, and keep a hostile
// file from costing more than a few milliseconds: the YAML parser takes time
// quadratic in the depth of nesting and in the number of keys.
const (
	MaxSource = 128 << 10 // bytes
	maxKeys   = 4000
	maxFlow   = 24  // nested [ and {
	maxIndent = 100 // columns
	maxNested = 8   // "- - - " on one line
)

// Read turns the text of a file into nodes. Of YAML it takes what settings
// need: mappings, lists and scalars in block and flow style. Anchors, aliases,
// tags, merge keys and several documents are refused.
func (c *Checker) Read(src []byte) *Node {
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
			c.Addf(tokenPlace(y.GetToken()), "not valid YAML: %s", inYAML(Clip(y.GetMessage())))
		} else {
			c.Addf(Position{Line: 1, Column: 1}, "not valid YAML: %s", Clip(err.Error()))
		}
		return nil
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if body != nil {
			place := convert(doc.Body, NewChecker("")).At
			c.Addf(place, "a second YAML document; a %s holds one", c.What)
			return nil
		}
		body = doc.Body
	}
	if body == nil {
		c.Addf(Position{Line: 1, Column: 1}, "the %s is empty; the least it needs is %s", c.What, c.Least)
		return nil
	}
	root := convert(body, c)
	if root.Kind != MappingNode {
		c.Addf(root.At, "a %s is a mapping (%s), got %s", c.What, c.Example, root.Describe())
		return nil
	}
	return root
}

// yamlReasons are messages of the parser, and what people should look for.
var yamlReasons = []struct{ message, reason string }{
	{"unexpected key name", "a key needs a colon and a space behind it, as in key: value"},
	{"non-map value is specified", "a key needs a colon and a space behind it, as in key: value; keys of one mapping begin in one column"},
	{"value is not allowed in this context", "the keys of one mapping begin in one column, and this line or the next one does not"},
	{"',' or '}' must be specified", "a mapping that begins with { needs commas between its keys, and } at its end"},
	{"',' or ']' must be specified", "a list that begins with [ needs commas between its values, and ] at its end"},
	{"sequence end token ']' not found", "the list that begins here with [ has no ] at its end"},
	{"flow mapping end token '}'", "the mapping that begins here with { has no } at its end"},
	{"could not find end character", "a text that begins with a quotation mark has none at its end"},
}

// inYAML says in the terms of a file what the parser says in its own.
func inYAML(message string) string {
	for _, r := range yamlReasons {
		if strings.Contains(message, r.message) {
			return r.reason
		}
	}
	return message
}

// checkText refuses anything but a short text file.
func checkText(src []byte, c *Checker) bool {
	if len(src) > MaxSource {
		c.Addf(Position{Line: 1, Column: 1}, "the file has %d bytes; a %s has at most %d", len(src), c.What, MaxSource)
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
			c.Add(Position{Line: line, Column: column}, "not UTF-8 text; save the file as UTF-8")
			return false
		}
		column := 1
		comment := false
		for _, r := range string(text) {
			comment = comment || r == '#'
			switch {
			case r == '\t' && !comment:
				c.Add(Position{Line: line, Column: column}, "a tab character; YAML is indented with spaces")
				return false
			case r != '\t' && r != '\n' && r < ' ', r == 0x7f, r >= 0x80 && r < 0xa0, r == 0xfeff:
				c.Addf(Position{Line: line, Column: column}, "a control character (%U)", r)
				return false
			}
			column++
		}
		line++
	}
	return true
}

// tokenize cuts the text into tokens and refuses, before anything is built from
// them, what a file may not hold.
func tokenize(src string, c *Checker) (token.Tokens, bool) {
	tokens := lexer.Tokenize(src)
	var flow, keys, dashes, colons, line int
	for _, t := range tokens {
		at := tokenPlace(t)
		if at.Line != line {
			line, dashes, colons = at.Line, 0, 0
			if at.Column > maxIndent && flow == 0 && t.Type != token.CommentType {
				c.Addf(at, "indented by more than %d columns", maxIndent)
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
			c.Addf(at, "%s are not used in %ss; write the value out, or put it in quotes if it is text", refused, c.What)
			return nil, false
		case flow > maxFlow, dashes > maxNested:
			c.Add(at, "nested too deeply")
			return nil, false
		case colons > 1:
			c.Add(at, "a second key on this line; start a new line, or put text that holds a colon in quotes")
			return nil, false
		case keys > maxKeys:
			c.Addf(at, "more than %d keys", maxKeys)
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

func tokenPlace(t *token.Token) Position {
	if t == nil || t.Position == nil {
		return Position{Line: 1, Column: 1}
	}
	return Position{Line: t.Position.Line, Column: t.Position.Column}
}

// convert turns a YAML node into ours and reports duplicate keys.
func convert(n ast.Node, c *Checker) *Node {
	if n == nil {
		return &Node{At: Position{Line: 1, Column: 1}}
	}
	at := tokenPlace(n.GetToken())
	switch n := n.(type) {
	case *ast.MappingNode:
		out := convertMapping(n.Values, c)
		if n.IsFlowStyle || len(n.Values) == 0 {
			out.At = at
		}
		return out
	case *ast.MappingValueNode:
		return convertMapping([]*ast.MappingValueNode{n}, c)
	case *ast.SequenceNode:
		out := &Node{Kind: ListNode, At: at}
		for _, v := range n.Values {
			item := convert(v, c)
			if item.Kind == NullNode {
				c.Add(item.At, "an empty list entry")
			}
			out.Items = append(out.Items, item)
		}
		return out
	case *ast.NullNode:
		return &Node{At: at}
	case *ast.LiteralNode:
		return &Node{Kind: quotedNode, At: at, Text: n.Value.Value}
	case *ast.StringNode:
		if t := n.Token.Type; t == token.SingleQuoteType || t == token.DoubleQuoteType {
			return &Node{Kind: quotedNode, At: at, Text: n.Value}
		}
		return &Node{Kind: PlainNode, At: at, Text: n.Value}
	case ast.ScalarNode:
		return &Node{Kind: PlainNode, At: at, Text: strings.TrimSpace(n.GetToken().Value)}
	}
	c.Addf(at, "%s is not used in %ss", n.Type(), c.What)
	return &Node{At: at}
}

func convertMapping(values []*ast.MappingValueNode, c *Checker) *Node {
	out := &Node{Kind: MappingNode}
	first := make(map[string]Position, len(values))
	for i, v := range values {
		e := Entry{Key: strings.TrimSpace(v.Key.GetToken().Value), At: tokenPlace(v.Key.GetToken()), Value: convert(v.Value, c)}
		if i == 0 {
			out.At = e.At
		}
		if e.Value.Kind == NullNode {
			e.Value.At = e.At
		}
		if was, ok := first[e.Key]; ok {
			c.Addf(e.At, "%s is given twice, first on line %d; keep one", Clip(e.Key), was.Line)
			continue
		}
		first[e.Key] = e.At
		out.Entries = append(out.Entries, e)
	}
	return out
}
