// SPDX-License-Identifier: MIT
// Starts Swagger UI on this server's own OpenAPI document. A file of its own, so that the page's
// content security policy needs no inline script.
"use strict";

(function () {
    // This script lives beside the page, whatever prefix a proxy puts before it.
    const schema = new URL("../schema/", document.currentScript.src).href;

    window.addEventListener("load", function () {
        window.ui = window.SwaggerUIBundle({
            url: schema,
            dom_id: "#swagger-ui",
            layout: "BaseLayout",
            presets: [window.SwaggerUIBundle.presets.apis],
            deepLinking: true,
            filter: true,
            displayRequestDuration: true,
            docExpansion: "list",
            defaultModelsExpandDepth: 0,
            tryItOutEnabled: false,
            persistAuthorization: false, // a token must not outlive the tab
            queryConfigEnabled: false,   // ?url= or ?configUrl= must not point the page elsewhere
            validatorUrl: null,          // the public validator would be told of this server
        });
    });
})();
