// Starts Swagger UI on the description that this server gives of itself.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: false, // tokens stay in this page's memory
  tryItOutEnabled: true,
  validatorUrl: null, // no description leaves this server
});
