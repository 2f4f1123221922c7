package sqlite

import (
	"errors"
	"os"
	"path/filepath"
)

// workFolder is where a backup or a data folder is put together before it gets its name: beside a folder that does not exist
// yet, inside of one that does and is empty (it may be a mount point, which cannot be replaced).
type workFolder struct {
	dest, temporary string
	inside          bool
}

// within reports whether a path, which need not exist yet, leads into the folder dir or is it, by whatever name.
func within(dir, path string) (bool, error) {
	folder, err := os.Stat(dir)
	if err != nil {
		return false, err
	}
	at, err := filepath.Abs(path)
	if err != nil {
		return false, err
	}
	if there, err := filepath.EvalSymlinks(at); err == nil {
		at = there
	} else if at, err = filepath.EvalSymlinks(filepath.Dir(at)); err != nil {
		return false, err
	}
	for {
		info, err := os.Stat(at)
		if err != nil || os.SameFile(info, folder) {
			return err == nil, err
		}
		if at == filepath.Dir(at) {
			return false, nil
		}
		at = filepath.Dir(at)
	}
}

// beginFolder makes a work folder, and in it the folders for tenants' files.
func beginFolder(dest string) (w workFolder, err error) {
	if w.dest, err = filepath.Abs(dest); err != nil {
		return w, refuse(err, "the folder %s has no absolute path", dest)
	}
	names, err := os.ReadDir(w.dest)
	switch {
	case err == nil && len(names) > 0:
		return w, refuse(nil, "the folder %s is not empty; name one that is, or that does not exist", w.dest)
	case err == nil:
		w.inside, w.temporary = true, filepath.Join(w.dest, "unfinished.tmp")
	case errors.Is(err, os.ErrNotExist):
		w.temporary = w.dest + ".tmp"
	default:
		return w, refuse(err, "the folder %s cannot be used", w.dest)
	}
	if err := os.Mkdir(w.temporary, 0o700); err != nil {
		return w, refuse(err, "the folder %s cannot be made; if a run that was cut short left it, remove it", w.temporary)
	}
	for _, folder := range []string{tenantsFolder, trashFolder} {
		if err := os.Mkdir(filepath.Join(w.temporary, folder), 0o700); err != nil {
			return w, w.giveUp(refuse(err, "the folder %s cannot be written", w.temporary))
		}
	}
	return w, nil
}

// giveUp removes the work folder after a failure, which it returns.
func (w workFolder) giveUp(cause error) error {
	return errors.Join(translate(cause), os.RemoveAll(w.temporary))
}

// finish gives what was put together its place. Inside of a folder that was there, the files without which it is not taken
// for complete come last.
func (w workFolder) finish() error {
	for _, folder := range []string{tenantsFolder, trashFolder, ""} {
		if err := syncDir(filepath.Join(w.temporary, folder)); err != nil {
			return err
		}
	}
	if !w.inside {
		if err := os.Rename(w.temporary, w.dest); err != nil {
			return err
		}
		return syncDir(filepath.Dir(w.dest))
	}
	for _, name := range []string{tenantsFolder, trashFolder, catalogName, manifestName} {
		err := os.Rename(filepath.Join(w.temporary, name), filepath.Join(w.dest, name))
		if name == manifestName && errors.Is(err, os.ErrNotExist) { // a data folder has none
			continue
		}
		if err != nil {
			return err
		}
	}
	return errors.Join(os.Remove(w.temporary), syncDir(w.dest))
}
