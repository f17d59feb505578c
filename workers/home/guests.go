package home

import "github.com/gofrs/flock"

func (h *Home) guests() *flock.Flock {
	return flock.New(h.Path("guests"), flock.SetPermissions(0o600))
}

// Guest announces a process that uses the services of another one, until
// forget is called or the process ends. Ask [Home.Running] afterwards: the
// services may have been withdrawn just before.
func (h *Home) Guest() (forget func(), err error) {
	l := h.guests()
	if err := l.RLock(); err != nil {
		return nil, h.explain("announce this process in the home", err)
	}
	return func() { _ = l.Close() }, nil
}

// Retire withdraws the services unless guests use them; ok is false when some
// do. No guest can come between the question and the withdrawal.
func (h *Home) Retire() (ok bool, err error) {
	l := h.guests()
	ok, err = l.TryLock()
	if err != nil {
		return false, h.explain("look for other processes in the home", err)
	}
	if !ok {
		return false, nil
	}
	defer l.Close()
	return true, h.Withdraw()
}
