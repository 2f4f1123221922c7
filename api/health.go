package api

// Health is whether the server lives (/healthz) or can serve (/readyz).
type Health struct {
	Status string `json:"status" doc:"ok, or why not." example:"ok"`
}
