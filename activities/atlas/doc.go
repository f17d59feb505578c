// Package atlas makes the page of a sweep: one self-contained HTML file on which its experiments
// are compared.
//
// The page is made from data alone, and its bytes depend on nothing else. It works offline: it
// asks for nothing, and its content security policy forbids that it could.
package atlas
