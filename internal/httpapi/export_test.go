package httpapi

import "slices"

// Routes lists every route of the server, as "METHOD /path".
func (s *Server) Routes() []string {
	var list []string
	for path, methods := range s.paths {
		for _, method := range methods {
			list = append(list, method+" "+path)
		}
	}
	slices.Sort(list)
	return list
}
