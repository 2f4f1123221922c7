package api

import "time"

// Organization is one tenant. Members and operators see all of it, others the public part.
type Organization struct {
	ID             string    `json:"id" doc:"A UUID that never changes." example:"0192f0c1-8a54-7cc3-9a6e-3f1d2b4c5d6e"`
	Name           string    `json:"organization_name" doc:"As people write it." example:"Acme Corp"`
	Slug           string    `json:"slug" doc:"The name as it stands in paths." example:"acme_corp"`
	CollectionName string    `json:"collection_name" doc:"Where its documents lie." example:"org_acme_corp"`
	State          string    `json:"state" doc:"active; renaming or deleting while that is under way; trashed." example:"active"`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`

	AdminEmail string     `json:"admin_email,omitempty" doc:"The owner's address. For members and operators." example:"ada@acme.example"`
	AdminID    string     `json:"admin_id,omitempty" doc:"The owner's id. For members and operators."`
	Placement  *Placement `json:"placement,omitempty" doc:"For members and operators."`
	Version    int64      `json:"version,omitempty" doc:"Rises with every change of the organization itself. The ETag tells changes of the owner's account too. For members and operators." example:"1"`

	DeletedAt *time.Time `json:"deleted_at,omitempty" doc:"Since when it lies in the trash. In operators' lists."`
	Usage     *Usage     `json:"usage,omitempty" doc:"In operators' lists."`
}

// Placement says where an organization's documents live.
type Placement struct {
	Level    string `json:"level" doc:"pooled, collection or database: how far they are kept apart from others'." example:"collection"`
	Cluster  string `json:"cluster,omitempty" doc:"The configured cluster, if not the first one."`
	Database string `json:"database,omitempty" doc:"The database, where the store has several."`
}

// Usage is how much an organization stores.
type Usage struct {
	Documents int64 `json:"documents" doc:"How many documents there are."`
	Bytes     int64 `json:"bytes" doc:"The sum of their compact JSON texts."`
}

// NewOrganization asks for an organization with its first admin.
type NewOrganization struct {
	Name     string `json:"organization_name" doc:"1 to 200 characters; its slug 1 to 50." example:"Acme Corp"`
	Email    string `json:"email" doc:"The first admin's address, with which nobody signs in yet." example:"ada@acme.example"`
	Password string `json:"password" doc:"8 characters to 72 bytes, and none of the commonest." example:"correct horse battery"`
}

// UpdateOrganization changes the organization that it names, in the form of the seed service.
type UpdateOrganization struct {
	Name            string  `json:"organization_name" doc:"Its name now." example:"Acme Corp"`
	NewName         *string `json:"new_organization_name,omitempty" doc:"Its next name." example:"Acme International"`
	Email           *string `json:"email,omitempty" doc:"Your own next address." example:"ada@acme.example"`
	Password        *string `json:"password,omitempty" doc:"Your own next password; ends your other sessions."`
	CurrentPassword *string `json:"current_password,omitempty" doc:"For a change of address or password more than 15 minutes after you signed in."`
}

// ChangeOrganization changes the organization of the path.
type ChangeOrganization struct {
	Name            *string `json:"organization_name,omitempty" doc:"Its next name." example:"Acme International"`
	Email           *string `json:"email,omitempty" doc:"Your own next address." example:"ada@acme.example"`
	Password        *string `json:"password,omitempty" doc:"Your own next password; ends your other sessions."`
	CurrentPassword *string `json:"current_password,omitempty" doc:"For a change of address or password more than 15 minutes after you signed in."`
}

// DeleteOrganization names the organization to delete, for clients that send it in the body.
type DeleteOrganization struct {
	Name *string `json:"organization_name,omitempty" doc:"Its name now." example:"Acme Corp"`
}

// RestoreOrganization says how an organization comes back from the trash.
type RestoreOrganization struct {
	Name  *string `json:"organization_name,omitempty" doc:"Another name, where the old one is taken." example:"Acme Corp 2"`
	Email *string `json:"email,omitempty" doc:"Another address for the owner, where the old one is taken."`
}

// Message tells a person that something was done.
type Message struct {
	Message string `json:"message" example:"the organization was deleted"`
}

// OrganizationPage is one page of a list of organizations.
type OrganizationPage struct {
	Items      []Organization `json:"items"`
	NextCursor string         `json:"next_cursor,omitempty" doc:"The cursor of the next page; missing on the last one."`
}
