package artifacts

import "context"

// Empty removes everything from the store. It is for stores made for the moment.
func (s *Store) Empty(ctx context.Context) error {
	var objects []string
	if err := s.eachObject(ctx, "", func(o stored) { objects = append(objects, o.object) }); err != nil {
		return err
	}
	return each(ctx, objects, s.objects.Remove)
}

// Destroy removes the store with everything in it.
func (s *Store) Destroy(ctx context.Context) error {
	if err := s.Empty(ctx); err != nil {
		return err
	}
	return s.objects.Destroy(ctx)
}
