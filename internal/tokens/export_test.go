package tokens

import "context"

// VerifyAnew is Verify without its memory.
func (m *Minter) VerifyAnew(ctx context.Context, token string) error {
	set, err := m.keys.current(ctx)
	if err != nil {
		return err
	}
	_, err = m.verify(ctx, set, token)
	return err
}
