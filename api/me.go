package api

import "time"

// Me is the account behind the access token, and what the token is for.
type Me struct {
	ID             string       `json:"id" doc:"The member's or operator's id."`
	Kind           string       `json:"kind" doc:"member or operator" example:"member"`
	Email          string       `json:"email" example:"ada@acme.example"`
	Organizations  []Membership `json:"organizations" doc:"Those that a member belongs to."`
	OrganizationID string       `json:"organization_id,omitempty" doc:"The one that this session is for."`
	SessionID      string       `json:"session_id" doc:"The login behind the access token."`
	AuthTime       time.Time    `json:"auth_time" doc:"When a password was last entered in this session."`
}

// Membership is what a person is in an organization.
type Membership struct {
	ID   string `json:"id" doc:"The organization's id."`
	Name string `json:"organization_name" example:"Acme Corp"`
	Slug string `json:"slug" example:"acme_corp"`
	Role string `json:"role" example:"owner"`
}

// ChangeMe changes the own account.
type ChangeMe struct {
	Email           *string `json:"email,omitempty" doc:"The next address." example:"ada@acme.example"`
	Password        *string `json:"password,omitempty" doc:"The next password; ends the other sessions."`
	CurrentPassword string  `json:"current_password" doc:"The password as it is now."`
}
