package sqlite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"modernc.org/sqlite"
)

// pagesAtOnce is how much is copied between two looks at the context: 1 MiB.
const pagesAtOnce = 256

// copyDatabase copies the database of a session as it is now to a new file.
func copyDatabase(ctx context.Context, s *session, to string) (err error) {
	if err := writeFile(to, nil); err != nil {
		return err
	}
	if _, err := s.exec("BEGIN"); err != nil {
		return err
	}
	defer func() {
		_, end := s.exec("ROLLBACK")
		err = errors.Join(err, end)
	}()
	var n int
	if err := s.get("SELECT count(*) FROM sqlite_schema", nil, &n); err != nil { // the moment that the copy shows
		return err
	}
	return s.conn.Raw(func(driver any) error {
		source, ok := driver.(interface {
			NewBackup(uri string) (*sqlite.Backup, error)
		})
		if !ok {
			return fmt.Errorf("the driver's connection is a %T", driver)
		}
		run, err := source.NewBackup(dsn(to, "mode=rw", "_synchronous=FULL"))
		if err != nil {
			return err
		}
		for more := true; more && err == nil; {
			more, err = run.Step(pagesAtOnce)
			if err == nil && ctx.Err() != nil {
				err = overdue(ctx.Err())
			}
		}
		return errors.Join(err, run.Finish())
	})
}

// copyFile copies a file that nobody writes.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return errors.Join(err, in.Close())
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close(), in.Close())
}

// checksum returns how many bytes a file has, and their SHA-256 in hexadecimal digits.
func checksum(path string) (size int64, sum string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	h := sha256.New()
	size, err = io.Copy(h, f)
	return size, hex.EncodeToString(h.Sum(nil)), errors.Join(err, f.Close())
}

// alter runs fn with the only session of a database that nobody serves, and leaves one file behind.
func alter(path string, fn func(*session) error) error {
	f, err := openFile(path, 1, discard, func(*session) error { return nil })
	if err != nil {
		return err
	}
	s, err := f.session(false)
	if err == nil {
		err = fn(s)
		if err == nil {
			err = checkpoint(s)
		}
		err = errors.Join(err, s.close())
	}
	if err := errors.Join(err, f.close()); err != nil {
		return err
	}
	return unattended(path)
}
